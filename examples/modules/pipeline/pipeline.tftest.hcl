# What would be made, and how it hangs together: this needs no cluster and no credentials. Run it with
# `tofu test` or `terraform test`.

provider "gitops" {
  region  = "eu-west-1"
  cluster = { name = "main" }
}

variables {
  name = "shop"

  environments = [
    { name = "dev", server = "arn:aws:eks:eu-west-1:111122223333:cluster/dev" },
    { name = "uat", server = "arn:aws:eks:eu-west-1:111122223333:cluster/uat" },
    { name = "prod", server = "arn:aws:eks:eu-west-1:111122223333:cluster/prod", soak = "24h" },
  ]

  images = [{ repo_url = "ghcr.io/example/shop", constraint = "^1.0.0" }]
  git    = { repo_url = "https://github.com/example/shop-config.git" }
}

run "freight_goes_through_the_environments_in_their_order" {
  command = plan

  assert {
    condition     = join(" ", output.order) == "dev uat prod"
    error_message = "The order is ${join(" ", output.order)}."
  }

  assert {
    condition     = gitops_kargo_stage.this["dev"].requested_freight[0].sources.direct
    error_message = "The first environment takes what the warehouse makes."
  }

  assert {
    condition     = gitops_kargo_stage.this["prod"].requested_freight[0].sources.stages == tolist(["uat"])
    error_message = "Nothing goes to production past UAT."
  }

  assert {
    condition     = strcontains(output.mermaid, "soaks 24h")
    error_message = "The picture is ${output.mermaid}"
  }
}

run "only_the_first_environment_promotes_by_itself" {
  command = plan

  assert {
    condition     = join(" ", gitops_kargo_project_config.this.promotion_policies[*].stage_selector.name) == "dev"
    error_message = "Only dev promotes by itself."
  }
}

run "every_application_may_be_changed_by_its_own_stage" {
  command = plan

  assert {
    condition = alltrue([
      for name, application in gitops_application.this :
      application.annotations["kargo.akuity.io/authorized-stage"] == "shop:${name}"
    ])
    error_message = "An application names another stage."
  }
}

run "without_a_user_name_there_are_no_credentials" {
  command = plan

  assert {
    condition     = length(gitops_kargo_credentials.git) == 0
    error_message = "There is nothing to log in with."
  }
}

run "a_fork_joins_again_where_it_is_said" {
  command = plan

  variables {
    environments = [
      { name = "dev", server = "arn:aws:eks:eu-west-1:111122223333:cluster/dev" },
      { name = "load", server = "arn:aws:eks:eu-west-1:111122223333:cluster/load" },
      { name = "uat", server = "arn:aws:eks:eu-west-1:111122223333:cluster/uat", after = ["dev"] },
      { name = "prod", server = "arn:aws:eks:eu-west-1:111122223333:cluster/prod", after = ["load", "uat"] },
    ]
  }

  assert {
    condition     = toset(gitops_kargo_stage.this["prod"].requested_freight[0].sources.stages) == toset(["load", "uat"])
    error_message = "Production takes what was verified in load or in uat."
  }
}
