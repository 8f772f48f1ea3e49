# Rendered by queuestack from everything.yaml: change that and render again.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id

  tags = {
    team               = "a ${var.stage}"
    "queuestack:stack" = "everything"
  }
}

# queue.failed (everything.yaml:37)
resource "aws_sqs_queue" "failed" {
  name                       = "failed"
  visibility_timeout_seconds = 30
  message_retention_seconds  = 345600
  delay_seconds              = 0
  receive_wait_time_seconds  = 20
  fifo_queue                 = false
  sqs_managed_sse_enabled    = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AllowTopics"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:failed"
        Condition = {
          ArnEquals = { "aws:SourceArn" = ["arn:aws:sns:eu-west-1:123456789012:theirs", aws_sns_topic.news.arn] }
        }
      },
      {
        Sid       = "AllowEvents"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:failed"
        Condition = {
          ArnEquals = {
            "aws:SourceArn" = [
              "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/nightly",
              "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${var.stage}-shop/${var.stage}-paid",
              "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/theirs/theirs",
              "arn:${local.partition}:events:${local.region}:${local.account_id}:event-bus/${var.stage}-shop",
            ]
          }
        }
      },
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:failed"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "queue.failed" })

  lifecycle {
    # max_message_size is AWS's default, 1 MiB; provider 5 knows none above 256 KiB.
    ignore_changes = [max_message_size]
  }
}

# queue.keyed (everything.yaml:32)
resource "aws_sqs_queue" "keyed" {
  name                              = "keyed"
  visibility_timeout_seconds        = 30
  message_retention_seconds         = 345600
  delay_seconds                     = 0
  receive_wait_time_seconds         = 20
  fifo_queue                        = false
  kms_master_key_id                 = "alias/jobs"
  kms_data_key_reuse_period_seconds = 600
  redrive_allow_policy              = jsonencode({ redrivePermission = "denyAll" })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:keyed"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:protect" = "true", "queuestack:address" = "queue.keyed" })

  lifecycle {
    prevent_destroy = true

    # max_message_size is AWS's default, 1 MiB; provider 5 knows none above 256 KiB.
    ignore_changes = [max_message_size]
  }
}

# queue.orders (everything.yaml:11)
resource "aws_sqs_queue" "orders" {
  name                        = "${var.stage}-orders.fifo"
  visibility_timeout_seconds  = 30
  message_retention_seconds   = 172800
  delay_seconds               = 5
  receive_wait_time_seconds   = 3
  max_message_size            = 2000
  fifo_queue                  = true
  content_based_deduplication = true
  deduplication_scope         = "messageGroup"
  fifo_throughput_limit       = "perMessageGroupId"
  sqs_managed_sse_enabled     = true

  redrive_policy = jsonencode({
    maxReceiveCount     = 4
    deadLetterTargetArn = aws_sqs_queue.orders_dlq.arn
  })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Senders"
        Effect    = "Allow"
        Principal = { AWS = local.account_id }
        Action    = ["sqs:SendMessage"]
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${var.stage}-orders.fifo"
        Condition = { StringEquals = { "aws:PrincipalTag/team" = "$${aws:ResourceTag/team}" } }
      },
      {
        Sid       = "AllowTopics"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${var.stage}-orders.fifo"
        Condition = { ArnEquals = { "aws:SourceArn" = [aws_sns_topic.orders.arn] } }
      },
      {
        Sid       = "AllowEvents"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${var.stage}-orders.fifo"
        Condition = {
          ArnEquals = {
            "aws:SourceArn" = [
              "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${var.stage}-shop/${var.stage}-paid",
            ]
          }
        }
      },
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${var.stage}-orders.fifo"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "queue.orders" })
}

# queue.orders-dlq, made by queue.orders (everything.yaml:11)
resource "aws_sqs_queue" "orders_dlq" {
  name                        = "${var.stage}-orders-dlq.fifo"
  visibility_timeout_seconds  = 30
  message_retention_seconds   = 1209600
  delay_seconds               = 0
  receive_wait_time_seconds   = 20
  fifo_queue                  = true
  content_based_deduplication = false
  deduplication_scope         = "queue"
  fifo_throughput_limit       = "perQueue"
  sqs_managed_sse_enabled     = true

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = ["arn:${local.partition}:sqs:${local.region}:${local.account_id}:${var.stage}-orders.fifo"]
  })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AllowTopics"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${var.stage}-orders-dlq.fifo"
        Condition = { ArnEquals = { "aws:SourceArn" = [aws_sns_topic.orders.arn] } }
      },
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${var.stage}-orders-dlq.fifo"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "queue.orders-dlq" })

  lifecycle {
    # max_message_size is AWS's default, 1 MiB; provider 5 knows none above 256 KiB.
    ignore_changes = [max_message_size]
  }
}

# alarm.math (everything.yaml:39)
resource "aws_cloudwatch_metric_alarm" "math" {
  alarm_name                = "math"
  alarm_description         = "50 % of %%{all} are ${var.stage}"
  evaluation_periods        = 3
  datapoints_to_alarm       = 2
  threshold                 = 0.5
  comparison_operator       = "GreaterThanThreshold"
  treat_missing_data        = "ignore"
  actions_enabled           = false
  alarm_actions             = [aws_sns_topic.news.arn]
  ok_actions                = [var.topic]
  insufficient_data_actions = [var.topic]

  metric_query {
    id = "errors"

    metric {
      namespace   = "AWS/Lambda"
      metric_name = "Errors"
      dimensions  = { FunctionName = "worker" }
      stat        = "Sum"
      period      = 300
      unit        = "Count"
    }
  }

  metric_query {
    id         = "all"
    account_id = "123456789012"

    metric {
      namespace   = "AWS/Lambda"
      metric_name = "Invocations"
      dimensions  = { FunctionName = "worker" }
      stat        = "Sum"
      period      = 300
    }
  }

  metric_query {
    id          = "rate"
    expression  = "100 * errors / all"
    label       = "Failing"
    return_data = true
  }

  tags = merge(local.tags, { "queuestack:address" = "alarm.math" })
}

# alarm.orders-dead-letters, made by queue.orders (everything.yaml:23)
resource "aws_cloudwatch_metric_alarm" "orders_dead_letters" {
  alarm_name          = "${var.stage}-orders.fifo-dead-letters"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.orders_dlq.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  alarm_actions       = [var.topic]
  tags                = merge(local.tags, { "queuestack:address" = "alarm.orders-dead-letters" })
}

# alarm.slow (everything.yaml:54)
resource "aws_cloudwatch_metric_alarm" "slow" {
  alarm_name                            = "slow"
  namespace                             = "AWS/Lambda"
  metric_name                           = "Duration"
  dimensions                            = { FunctionName = "worker" }
  extended_statistic                    = "p99"
  period                                = 60
  unit                                  = "Milliseconds"
  evaluation_periods                    = 1
  threshold                             = 1000
  comparison_operator                   = "LessThanThreshold"
  treat_missing_data                    = "missing"
  evaluate_low_sample_count_percentiles = "ignore"
  actions_enabled                       = true
  tags                                  = merge(local.tags, { "queuestack:address" = "alarm.slow" })
}

# alarm.worker-age, made by worker.worker (everything.yaml:109)
resource "aws_cloudwatch_metric_alarm" "worker_age" {
  alarm_name          = "worker-age"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.orders.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 900
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.worker-age" })
}

# alarm.worker-duration, made by worker.worker (everything.yaml:109)
resource "aws_cloudwatch_metric_alarm" "worker_duration" {
  alarm_name          = "worker-duration"
  namespace           = "AWS/Lambda"
  metric_name         = "Duration"
  dimensions          = { FunctionName = aws_lambda_function.worker.function_name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 4000
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.worker-duration" })
}

# alarm.worker-errors, made by worker.worker (everything.yaml:109)
resource "aws_cloudwatch_metric_alarm" "worker_errors" {
  alarm_name          = "worker-errors"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.worker.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.worker-errors" })
}

# alarm.worker-throttles, made by worker.worker (everything.yaml:109)
resource "aws_cloudwatch_metric_alarm" "worker_throttles" {
  alarm_name          = "worker-throttles"
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = aws_lambda_function.worker.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  actions_enabled     = true
  tags                = merge(local.tags, { "queuestack:address" = "alarm.worker-throttles" })
}

# log_group.requests (everything.yaml:146)
resource "aws_cloudwatch_log_group" "requests" {
  name              = "requests"
  retention_in_days = 14
  tags              = merge(local.tags, { "queuestack:address" = "log_group.requests" })
}

# log_group.worker (everything.yaml:147)
resource "aws_cloudwatch_log_group" "worker" {
  name              = "/aws/lambda/worker"
  retention_in_days = 30
  kms_key_id        = "arn:aws:kms:eu-west-1:123456789012:key/k"
  tags              = merge(local.tags, { "queuestack:address" = "log_group.worker" })
}

# role.worker (everything.yaml:149)
resource "aws_iam_role" "worker" {
  name                 = "worker-role-${local.region}"
  description          = "What worker may do"
  path                 = "/queuestack/everything/"
  permissions_boundary = "arn:aws:iam::123456789012:policy/bound"
  max_session_duration = 7200

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "lambda.amazonaws.com" }
        Action    = "sts:AssumeRole"
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "role.worker", "queuestack:region" = local.region })
}

resource "aws_iam_role_policy" "worker" {
  name = "queuestack"
  role = aws_iam_role.worker.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.worker.arn}:*"]
      },
      {
        Sid      = "XRay"
        Effect   = "Allow"
        Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        Resource = ["*"]
      },
      {
        Sid    = "Vpc"
        Effect = "Allow"
        Action = [
          "ec2:AssignPrivateIpAddresses",
          "ec2:CreateNetworkInterface",
          "ec2:DeleteNetworkInterface",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeSubnets",
          "ec2:UnassignPrivateIpAddresses",
        ]
        Resource = ["*"]
      },
      {
        Sid      = "FailedEvent"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.failed.arn]
      },
      {
        Sid      = "FailedInvocation"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.failed.arn]
      },
      {
        Sid      = "Poll"
        Effect   = "Allow"
        Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        Resource = [aws_sqs_queue.orders.arn]
      },
      {
        Sid      = "DeadLetter"
        Effect   = "Allow"
        Action   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"]
        Resource = [aws_sqs_queue.orders_dlq.arn]
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "worker" {
  for_each   = toset(["arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole"])
  role       = aws_iam_role.worker.name
  policy_arn = each.value
}

resource "aws_iam_role_policies_exclusive" "worker" {
  role_name    = aws_iam_role.worker.name
  policy_names = [aws_iam_role_policy.worker.name]
}

# function.worker, made by worker.worker (everything.yaml:109)
resource "aws_lambda_function" "worker" {
  function_name                  = "worker"
  filename                       = "${path.module}/build/worker-1a2c45b2-arm64.zip"
  source_code_hash               = try(filebase64sha256("${path.module}/build/worker-1a2c45b2-arm64.zip"), null)
  description                    = "Handles orders"
  role                           = aws_iam_role.worker.arn
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = ["arm64"]
  memory_size                    = 512
  timeout                        = 5
  reserved_concurrent_executions = 20
  layers                         = ["arn:aws:lambda:eu-west-1:123456789012:layer:one:1"]

  environment {
    variables = {
      DLQ_URL   = aws_sqs_queue.orders_dlq.url
      PASSWORD  = var.worker_password
      PRICE     = "$${literal}"
      QUEUE_URL = aws_sqs_queue.orders.url
      STAGE     = var.stage
      TOKEN     = var.token
    }
  }

  ephemeral_storage {
    size = 1024
  }

  tracing_config {
    mode = "Active"
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.worker.name
    application_log_level = "INFO"
    system_log_level      = "INFO"
  }

  dead_letter_config {
    target_arn = aws_sqs_queue.failed.arn
  }

  vpc_config {
    subnet_ids         = ["subnet-1", "subnet-2"]
    security_group_ids = ["sg-1"]
  }

  tags       = merge(local.tags, { "queuestack:address" = "function.worker" })
  depends_on = [aws_iam_role_policy.worker, aws_iam_role_policy_attachment.worker]
}

resource "aws_lambda_function_event_invoke_config" "worker" {
  function_name = aws_lambda_function.worker.function_name

  destination_config {
    on_failure {
      destination = aws_sqs_queue.failed.arn
    }
  }
}

# mapping.worker, made by worker.worker (everything.yaml:109)
resource "aws_lambda_event_source_mapping" "worker" {
  event_source_arn                   = aws_sqs_queue.orders.arn
  function_name                      = aws_lambda_function.worker.arn
  batch_size                         = 10
  maximum_batching_window_in_seconds = 0
  function_response_types            = ["ReportBatchItemFailures"]
  enabled                            = true

  scaling_config {
    maximum_concurrency = 5
  }

  filter_criteria {
    filter {
      pattern = jsonencode({ body = { type = ["order"] } })
    }

    filter {
      pattern = jsonencode({ body = { kind = ["gift"] } })
    }
  }

  tags       = merge(local.tags, { "queuestack:address" = "mapping.worker" })
  depends_on = [aws_lambda_function_event_invoke_config.worker]
}

# topic.news (everything.yaml:63)
resource "aws_sns_topic" "news" {
  name              = "${var.stage}-news"
  fifo_topic        = false
  display_name      = "News of ${var.stage}"
  kms_master_key_id = "alias/news"
  signature_version = 1
  tracing_config    = "Active"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AllowOwner"
        Effect    = "Allow"
        Principal = { AWS = "*" }
        Action = [
          "sns:AddPermission",
          "sns:DeleteTopic",
          "sns:GetTopicAttributes",
          "sns:ListSubscriptionsByTopic",
          "sns:Publish",
          "sns:RemovePermission",
          "sns:SetTopicAttributes",
          "sns:Subscribe",
        ]
        Resource  = "arn:${local.partition}:sns:${local.region}:${local.account_id}:${var.stage}-news"
        Condition = { StringEquals = { "AWS:SourceOwner" = local.account_id } }
      },
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = "arn:${local.partition}:sns:${local.region}:${local.account_id}:${var.stage}-news"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "topic.news" })
}

# topic.orders (everything.yaml:71)
resource "aws_sns_topic" "orders" {
  name                        = "orders.fifo"
  fifo_topic                  = true
  content_based_deduplication = true
  fifo_throughput_scope       = "MessageGroup"
  signature_version           = 2

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { AWS = local.account_id }
        Action    = "sns:Publish"
        Resource  = "arn:${local.partition}:sns:${local.region}:${local.account_id}:orders.fifo"
      },
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = "arn:${local.partition}:sns:${local.region}:${local.account_id}:orders.fifo"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  tags = merge(local.tags, { "queuestack:address" = "topic.orders" })
}

# subscription.elsewhere (everything.yaml:79)
resource "aws_sns_topic_subscription" "elsewhere" {
  topic_arn            = "arn:aws:sns:eu-west-1:123456789012:theirs"
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.failed.arn
  raw_message_delivery = true
}

# subscription.news-failed, made by topic.news (everything.yaml:70)
resource "aws_sns_topic_subscription" "news_failed" {
  topic_arn            = aws_sns_topic.news.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.failed.arn
  filter_policy_scope  = "MessageAttributes"
  raw_message_delivery = false

  filter_policy = jsonencode({
    price = [
      { numeric = [">=", 0.5, "<", 100] },
    ]
    stage = ["of ${var.stage}", null, true]
  })
}

# subscription.orders (everything.yaml:78)
resource "aws_sns_topic_subscription" "orders" {
  topic_arn            = aws_sns_topic.orders.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.orders.arn
  filter_policy        = jsonencode({ order = { tenant = ["acme"] } })
  filter_policy_scope  = "MessageBody"
  raw_message_delivery = true
  redrive_policy       = jsonencode({ deadLetterTargetArn = aws_sqs_queue.orders_dlq.arn })
}

# bus.shop (everything.yaml:81)
resource "aws_cloudwatch_event_bus" "shop" {
  name               = "${var.stage}-shop"
  description        = "Events of ${var.stage}"
  kms_key_identifier = "alias/events"

  dead_letter_config {
    arn = aws_sqs_queue.failed.arn
  }

  tags = merge(local.tags, { "queuestack:address" = "bus.shop" })
}

resource "aws_cloudwatch_event_bus_policy" "shop" {
  event_bus_name = aws_cloudwatch_event_bus.shop.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { AWS = "210987654321" }
        Action    = "events:PutEvents"
        Resource  = "arn:${local.partition}:events:${local.region}:${local.account_id}:event-bus/${var.stage}-shop"
      },
    ]
  })
}

# rule.nightly (everything.yaml:101)
resource "aws_cloudwatch_event_rule" "nightly" {
  name                = "nightly"
  schedule_expression = "cron(0 3 * * ? *)"
  state               = "ENABLED"
  tags                = merge(local.tags, { "queuestack:address" = "rule.nightly" })
  depends_on          = [aws_lambda_function_event_invoke_config.worker]
}

resource "aws_lambda_permission" "nightly" {
  for_each = {
    "worker" = {
      function_name = aws_lambda_function.worker.function_name
      statement_id  = "queuestack-${substr(sha256(aws_cloudwatch_event_rule.nightly.arn), 0, 16)}-87eba76e7f316453"
    }
  }

  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  function_name = each.value.function_name
  statement_id  = each.value.statement_id
  source_arn    = aws_cloudwatch_event_rule.nightly.arn
}

resource "aws_cloudwatch_event_target" "nightly" {
  for_each = {
    "worker" = {
      arn                = aws_lambda_function.worker.arn
      input              = "{\"stage\": \"${var.stage}\"}"
      dead_letter_config = { arn = aws_sqs_queue.failed.arn }
    }
  }

  rule           = aws_cloudwatch_event_rule.nightly.name
  event_bus_name = aws_cloudwatch_event_rule.nightly.event_bus_name
  target_id      = each.key
  arn            = each.value.arn
  input          = each.value.input

  dead_letter_config {
    arn = each.value.dead_letter_config.arn
  }
}

# rule.paid (everything.yaml:89)
resource "aws_cloudwatch_event_rule" "paid" {
  name           = "${var.stage}-paid"
  event_bus_name = aws_cloudwatch_event_bus.shop.name
  description    = "Paid in ${var.stage}"
  state          = "DISABLED"

  event_pattern = jsonencode({
    detail = {
      total = [
        { numeric = [">=", 0.5, "<", 100] },
      ]
    }
    source = [
      { prefix = "shop.${var.stage}" },
    ]
  })

  tags       = merge(local.tags, { "queuestack:address" = "rule.paid" })
  depends_on = [aws_cloudwatch_event_bus_policy.shop, aws_lambda_function_event_invoke_config.worker]
}

resource "aws_lambda_permission" "paid" {
  for_each = {
    "worker" = {
      function_name = aws_lambda_function.worker.function_name
      statement_id  = "queuestack-${substr(sha256(aws_cloudwatch_event_rule.paid.arn), 0, 16)}-87eba76e7f316453"
    }
  }

  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  function_name = each.value.function_name
  statement_id  = each.value.statement_id
  source_arn    = aws_cloudwatch_event_rule.paid.arn
}

resource "aws_cloudwatch_event_target" "paid" {
  for_each = {
    "${var.stage}-orders.fifo" = {
      arn                = aws_sqs_queue.orders.arn
      input_path         = "$.detail"
      dead_letter_config = { arn = aws_sqs_queue.failed.arn }
      sqs_target         = { message_group_id = var.stage }
      retry_policy       = null
      input_transformer  = null
    }
    "failed" = {
      arn                = aws_sqs_queue.failed.arn
      input_path         = null
      dead_letter_config = null
      sqs_target         = null
      retry_policy = {
        maximum_retry_attempts       = 0
        maximum_event_age_in_seconds = 3600
      }
      input_transformer = {
        input_paths    = { id = "$.detail.id" }
        input_template = "\"<id> of ${var.stage}\""
      }
    }
    "failed-2" = {
      arn                = aws_sqs_queue.failed.arn
      input_path         = null
      dead_letter_config = null
      sqs_target         = null
      retry_policy       = null
      input_transformer = {
        input_paths    = null
        input_template = "<aws.events.event.json>"
      }
    }
    "worker" = {
      arn                = aws_lambda_function.worker.arn
      input_path         = null
      dead_letter_config = null
      sqs_target         = null
      retry_policy       = null
      input_transformer  = null
    }
    "theirs" = {
      arn                = "arn:aws:lambda:eu-west-1:210987654321:function:other"
      input_path         = null
      dead_letter_config = null
      sqs_target         = null
      retry_policy       = null
      input_transformer  = null
    }
  }

  rule           = aws_cloudwatch_event_rule.paid.name
  event_bus_name = aws_cloudwatch_event_rule.paid.event_bus_name
  target_id      = each.key
  arn            = each.value.arn
  input_path     = each.value.input_path

  dynamic "dead_letter_config" {
    for_each = each.value.dead_letter_config[*]

    content {
      arn = dead_letter_config.value.arn
    }
  }

  dynamic "sqs_target" {
    for_each = each.value.sqs_target[*]

    content {
      message_group_id = sqs_target.value.message_group_id
    }
  }

  dynamic "retry_policy" {
    for_each = each.value.retry_policy[*]

    content {
      maximum_retry_attempts       = retry_policy.value.maximum_retry_attempts
      maximum_event_age_in_seconds = retry_policy.value.maximum_event_age_in_seconds
    }
  }

  dynamic "input_transformer" {
    for_each = each.value.input_transformer[*]

    content {
      input_paths    = input_transformer.value.input_paths
      input_template = input_transformer.value.input_template
    }
  }
}

# rule.theirs (everything.yaml:104)
resource "aws_cloudwatch_event_rule" "theirs" {
  name           = "theirs"
  event_bus_name = "theirs"
  event_pattern  = jsonencode({ source = ["theirs"] })
  state          = "ENABLED"
  tags           = merge(local.tags, { "queuestack:address" = "rule.theirs" })
}

resource "aws_cloudwatch_event_target" "theirs" {
  for_each = {
    "elsewhere" = {
      arn                = "arn:aws:sqs:eu-west-1:123456789012:elsewhere"
      dead_letter_config = { arn = aws_sqs_queue.failed.arn }
    }
  }

  rule           = aws_cloudwatch_event_rule.theirs.name
  event_bus_name = aws_cloudwatch_event_rule.theirs.event_bus_name
  target_id      = each.key
  arn            = each.value.arn

  dead_letter_config {
    arn = each.value.dead_letter_config.arn
  }
}

# table.counted (everything.yaml:165)
resource "aws_dynamodb_table" "counted" {
  name                        = "counted"
  hash_key                    = var.stage
  billing_mode                = "PROVISIONED"
  read_capacity               = 5
  write_capacity              = 2
  deletion_protection_enabled = false
  table_class                 = "STANDARD"

  point_in_time_recovery {
    enabled = true
  }

  global_secondary_index {
    name            = "by-kind"
    hash_key        = "kind"
    projection_type = "ALL"
    read_capacity   = 1
    write_capacity  = 1
  }

  attribute {
    name = var.stage
    type = "S"
  }

  attribute {
    name = "kind"
    type = "S"
  }

  tags = merge(local.tags, { "queuestack:address" = "table.counted" })
}

# table.events (everything.yaml:151)
resource "aws_dynamodb_table" "events" {
  name                        = "events"
  hash_key                    = "tenant"
  range_key                   = "at"
  billing_mode                = "PAY_PER_REQUEST"
  stream_view_type            = "NEW_AND_OLD_IMAGES"
  stream_enabled              = true
  deletion_protection_enabled = true
  table_class                 = "STANDARD_INFREQUENT_ACCESS"

  on_demand_throughput {
    max_read_request_units = 100
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = false
  }

  server_side_encryption {
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/k"
    enabled     = true
  }

  global_secondary_index {
    name               = "by-kind"
    hash_key           = "kind"
    range_key          = "at"
    projection_type    = "INCLUDE"
    non_key_attributes = ["size", var.stage]
  }

  global_secondary_index {
    name            = "by-hash"
    hash_key        = "hash"
    projection_type = "KEYS_ONLY"
  }

  local_secondary_index {
    name            = "by-size"
    range_key       = "size"
    projection_type = "ALL"
  }

  attribute {
    name = "tenant"
    type = "S"
  }

  attribute {
    name = "at"
    type = "N"
  }

  attribute {
    name = "kind"
    type = "S"
  }

  attribute {
    name = "hash"
    type = "B"
  }

  attribute {
    name = "size"
    type = "N"
  }

  tags = merge(local.tags, { "queuestack:address" = "table.events" })
}

# http_api.api (everything.yaml:128)
resource "aws_apigatewayv2_api" "api" {
  name                         = "${var.stage}-api"
  protocol_type                = "HTTP"
  description                  = "Takes orders"
  disable_execute_api_endpoint = true

  cors_configuration {
    allow_origins     = ["https://shop.example.com"]
    allow_methods     = ["POST"]
    allow_headers     = ["content-type", "idempotency-key"]
    expose_headers    = ["location"]
    allow_credentials = true
    max_age           = 3600
  }

  tags       = merge(local.tags, { "queuestack:address" = "http_api.api" })
  depends_on = [aws_lambda_function_event_invoke_config.worker]
}

resource "aws_apigatewayv2_integration" "api" {
  for_each = {
    "POST /orders" = {
      integration_uri        = aws_lambda_function.worker.arn
      timeout_milliseconds   = 7000
      payload_format_version = "2.0"
    }
    "GET /orders/{id}" = {
      integration_uri        = "arn:aws:lambda:eu-west-1:210987654321:function:other"
      timeout_milliseconds   = 30000
      payload_format_version = "1.0"
    }
  }

  api_id                 = aws_apigatewayv2_api.api.id
  integration_type       = "AWS_PROXY"
  integration_uri        = each.value.integration_uri
  timeout_milliseconds   = each.value.timeout_milliseconds
  payload_format_version = each.value.payload_format_version
}

resource "aws_apigatewayv2_route" "api" {
  for_each = {
    "POST /orders"     = { authorization_type = "AWS_IAM" }
    "GET /orders/{id}" = { authorization_type = "NONE" }
  }

  api_id             = aws_apigatewayv2_api.api.id
  target             = "integrations/${aws_apigatewayv2_integration.api[each.key].id}"
  route_key          = each.key
  authorization_type = each.value.authorization_type
}

resource "aws_lambda_permission" "api-http_api" {
  for_each = {
    "POST /orders" = {
      function_name = aws_lambda_function.worker.function_name
      statement_id  = "queuestack-${aws_apigatewayv2_api.api.id}-be6d737ec15b2ced"
      source_arn    = "${aws_apigatewayv2_api.api.execution_arn}/*/POST/orders"
    }
  }

  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  function_name = each.value.function_name
  statement_id  = each.value.statement_id
  source_arn    = each.value.source_arn
}

resource "aws_apigatewayv2_stage" "api" {
  api_id      = aws_apigatewayv2_api.api.id
  name        = "$default"
  auto_deploy = false

  default_route_settings {
    throttling_rate_limit  = 5
    throttling_burst_limit = 6
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.requests.arn
    format          = "{\"requestId\":\"$context.requestId\",\"time\":\"$context.requestTime\",\"ip\":\"$context.identity.sourceIp\",\"route\":\"$context.routeKey\",\"status\":\"$context.status\",\"bytes\":\"$context.responseLength\",\"latency\":\"$context.responseLatency\",\"error\":\"$context.integrationErrorMessage\"}"
  }
}
