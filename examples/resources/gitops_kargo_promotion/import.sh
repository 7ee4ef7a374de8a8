# By the project and the name of the promotion.
terraform import gitops_kargo_promotion.release shop/production.01k2m3n4p5q6r7s8t9v0w1x2y3.bc477e5
