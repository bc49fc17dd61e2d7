/**
 * The SDK clients of one sandbox, made once at cold start. Region, credentials and AWS_ENDPOINT_URL come from the
 * environment, as the SDK reads them.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMS } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { readAsSent } from './s3-answers.ts';

/** The SDK's standard retries back off exponentially with jitter. Five attempts outlast most throttling. */
const MAX_ATTEMPTS = 5;
/**
 * A connection that does not open within this time, or a socket that is silent for this time, is an outage.
 * Milliseconds.
 */
const requestHandler = { connectionTimeout: 3_000, socketTimeout: 30_000 };

export function s3Client(): S3Client {
  return readAsSent(new S3Client({ maxAttempts: MAX_ATTEMPTS, requestHandler }));
}

export function sqsClient(): SQSClient {
  // A queue URL names a host of its own. We send to the endpoint that the other services have, too.
  return new SQSClient({ maxAttempts: MAX_ATTEMPTS, requestHandler, useQueueUrlAsEndpoint: false });
}

export function dynamoDbClient(): DynamoDBDocumentClient {
  return documentClient(plainDynamoDbClient());
}

/**
 * Makes a client that rounds a number that JavaScript cannot hold; the code that parses the item refuses it. By default
 * the SDK throws for the whole answer, so one such number in one row would keep back every row that is read together
 * with it.
 */
export function documentClient(client: DynamoDBClient): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(client, {
    marshallOptions: { removeUndefinedValues: true },
    unmarshallOptions: { wrapNumbers: Number },
  });
}

/** Makes a client of the kind that the Encryption SDK's key store takes. */
export function plainDynamoDbClient(): DynamoDBClient {
  return new DynamoDBClient({ maxAttempts: MAX_ATTEMPTS, requestHandler });
}

/** Finds the KMS client for a key: one per region, which the key's ARN names. */
export function kmsClientPerRegion(): (keyArn: string | undefined) => KMS {
  const clients = new Map<string, KMS>();
  return (keyArn) => {
    const region = keyArn?.split(':')[3] ?? '';
    const client = clients.get(region) ?? kmsClient(region);
    clients.set(region, client);
    return client;
  };
}

/** Makes a `KMS`, not a `KMSClient`, because the Encryption SDK's keyrings call its methods. */
function kmsClient(region: string): KMS {
  return new KMS({ region, maxAttempts: MAX_ATTEMPTS, requestHandler });
}
