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
