/** The queues: work that is sent, and work that comes back later. README.md says what is true of every port. */
import type { SQSRecord } from 'aws-lambda';
import type { Job } from '../object/job.ts';

/** The time when a message that was not done comes back. */
export interface Redelivery {
  /** Hides the message for so long. When it comes back, it counts as received once more. */
  delay(record: SQSRecord, seconds: number): Promise<void>;
}

/** The chunk queue. */
export interface JobQueue {
  /** Sends up to 10 jobs in one request. Throws unless all were taken. */
  send(jobs: readonly Job[]): Promise<void>;
}

/** The upload queue, which otherwise S3 fills. */
export interface UploadQueue {
  /** Sends one notification. */
  send(notification: string): Promise<void>;
}
