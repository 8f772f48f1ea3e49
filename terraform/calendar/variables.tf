# Rendered by queuestack from calendar.yaml: change that and render again.

variable "aws_region" {
  description = "The Region; that of the environment or the profile if null."
  type        = string
  default     = null
}

variable "alarm_topic" {
  description = "ARN of the SNS topic that alarms notify; none by default"
  type        = string
  default     = null
}

variable "calendar_credentials" {
  description = "Who to be on CalDAV servers, as JSON: {\"https://dav.example.org\": {\"username\": \"…\", \"password\": \"…\"}}"
  type        = string
  sensitive   = true
}

variable "calendar_store" {
  description = "URL of the store of events, one of those in stores, dynamodb:TABLE or postgres://…; by default the memory of Lambda's environment"
  type        = string
  sensitive   = true
}

variable "idempotency_store" {
  description = "Where it is remembered what was done, one of those in stores, dynamodb:TABLE with grants to read and write it; by default each environment for itself"
  type        = string
  sensitive   = true
}

variable "mail_from" {
  description = "Who mails come from, Calendar <calendar@example.org>"
  type        = string
  default     = ""
}

variable "outbound_allow" {
  description = "Networks that workers may speak to besides the public ones, 10.1.0.0/16"
  type        = string
  default     = ""
}

variable "smtp_url" {
  description = "The mail server, smtp://user:password@host:587"
  type        = string
  sensitive   = true
}

variable "webhook_secrets" {
  description = "Signing keys of webhooks, as JSON: {\"https://hooks.example.org\": \"whsec_…\"}"
  type        = string
  sensitive   = true
}

# `stores` is dynamodb. Nothing in main.tf names it, so that it was fixed
# when this was rendered; render again with --var stores=… for another value.
