import {
  to = gitops_kargo_promotion.release

  identity = {
    name      = "production.01k2m3n4p5q6r7s8t9v0w1x2y3.bc477e5"
    namespace = "shop"
  }
}
