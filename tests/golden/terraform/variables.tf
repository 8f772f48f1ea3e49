# Rendered by queuestack from everything.yaml: change that and render again.

variable "aws_region" {
  description = "The Region; that of the environment or the profile if null."
  type        = string
  default     = null
}

variable "worker_password" {
  type      = string
  sensitive = true
}

variable "worker_token" {
  type      = string
  sensitive = true
}

# `seconds` is 30. It says more than a text, so that it was fixed
# when this was rendered; render again with --var seconds=… for another value.
# `stage` is dev. It says more than a text, so that it was fixed
# when this was rendered; render again with --var stage=… for another value.
# `token` is sesame. It says more than a text, so that it was fixed
# when this was rendered; render again with --var token=… for another value.
# `topic` is arn:aws:sns:eu-west-1:123456789012:alarms. It says more than a text, so that it was fixed
# when this was rendered; render again with --var topic=… for another value.
