// Package azure stands in for a backend that is published in no module of its own.
package azure

import "github.com/hashicorp/terraform/internal/backend"

// New is called only for a configuration with this backend, which no test has.
func New() backend.Backend {
	panic("Terraform was built without the backend azure")
}
