# What every stage does, but for the variables.
resource "gitops_kargo_promotion_task" "open_pull_request" {
  name      = "open-pull-request"
  namespace = "shop"

  vars = [
    { name = "repo", value = "https://github.com/example/shop" },
    # Without a value: each step that inserts the task gives one.
    { name = "path" },
  ]

  steps = [
    {
      uses = "git-clone"
      config = {
        repoURL  = "$${{ vars.repo }}"
        checkout = [{ branch = "main", path = "./src" }]
      }
    },
    {
      uses = "yaml-update"
      as   = "update"
      config = {
        path = "./src/$${{ vars.path }}/values.yaml"
        updates = [{
          key   = "image.tag"
          value = "$${{ imageFrom('111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop').Tag }}"
        }]
      }
    },
    {
      uses   = "git-commit"
      config = { path = "./src", message = "$${{ task.outputs.update.commitMessage }}" }
    },
    {
      uses   = "git-push"
      as     = "push"
      config = { path = "./src", generateTargetBranch = true }
    },
    {
      uses = "git-open-pr"
      config = {
        repoURL      = "$${{ vars.repo }}"
        sourceBranch = "$${{ task.outputs.push.branch }}"
        targetBranch = "main"
      }
    },
  ]
}
