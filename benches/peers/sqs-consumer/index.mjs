// bbc/sqs-consumer with a handler that does nothing, at its quickest: whole batches in, one delete a batch.
// The argument says how many consumers share the process; one is what its documentation shows.

import { SQSClient } from "@aws-sdk/client-sqs";
import { Consumer } from "sqs-consumer";

const sqs = new SQSClient({ endpoint: process.env.AWS_ENDPOINT_URL, region: process.env.AWS_REGION });

for (let number = Number(process.argv[2] ?? 1); number > 0; number -= 1) {
  const consumer = Consumer.create({
    queueUrl: process.env.QUEUE_URL,
    sqs,
    batchSize: 10,
    waitTimeSeconds: 1,
    handleMessageBatch: async (messages) => messages,
  });
  consumer.on("error", (error) => console.error(error));
  consumer.on("processing_error", (error) => console.error(error));
  consumer.start();
}
