# Rendered by queuestack from events.yaml: change that and render again.

variable "aws_region" {
  description = "The Region; that of the environment or the profile if null."
  type        = string
  default     = null
}
