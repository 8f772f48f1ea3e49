# Rendered by queuestack from everything.yaml: change that and render again.

variable "aws_region" {
  description = "The Region; that of the environment or the profile if null."
  type        = string
  default     = null
}

variable "stage" {
  description = "The stage"
  type        = string

  validation {
    condition     = contains(["dev", "prod"], var.stage)
    error_message = "Allowed are dev, prod."
  }
}

variable "token" {
  type      = string
  sensitive = true
}

variable "topic" {
  type    = string
  default = "arn:aws:sns:eu-west-1:123456789012:alarms"
}

variable "worker_password" {
  type      = string
  sensitive = true
}

# `seconds` is 30. It says more than a text, so that it was fixed
# when this was rendered; render again with --var seconds=… for another value.
