# By the namespace and the name of the Secret. What is secret in it stays out of the state.
terraform import gitops_kargo_credentials.github shop/github
