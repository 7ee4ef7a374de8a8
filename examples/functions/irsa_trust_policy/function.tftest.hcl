# Run it with `tofu test` or `terraform test`. Functions are called in the configuration and not in the
# conditions, where OpenTofu 1.12 crashes on those of a provider.

run "the_policy_names_both_service_accounts_and_no_other" {
  command = plan

  assert {
    condition = toset(one(values({
      for key, subjects in jsondecode(gitops_iam_role.shop.assume_role_policy).Statement[0].Condition.StringEquals :
      key => subjects if endswith(key, ":sub")
    }))) == toset(["system:serviceaccount:shop:api", "system:serviceaccount:shop:worker"])
    error_message = "The policy is ${gitops_iam_role.shop.assume_role_policy}"
  }
}
