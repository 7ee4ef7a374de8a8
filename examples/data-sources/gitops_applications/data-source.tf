# The applications of a project with a label, and those among them that are not as their sources say.
data "gitops_applications" "shop" {
  project        = "shop"
  label_selector = "environment=production"
}

output "out_of_sync" {
  value = [
    for application in data.gitops_applications.shop.applications : application.name
    if application.sync.status != "Synced"
  ]
}
