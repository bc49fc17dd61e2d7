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
  /**
   * Sends any number of jobs; memory does not grow with their number. Throws unless all of them were taken. Jobs that
   * are sent at about the same time may share requests, whoever sends them. `requestsAtOnce`: the most requests under way at once, by
   * default 16. With 1 the jobs are in order as far as a standard queue keeps any.
   */
  send(jobs: Iterable<Job> | AsyncIterable<Job>, requestsAtOnce?: number): Promise<void>;
}

/** The upload queue, which otherwise S3 fills. */
export interface UploadQueue {
  /** Sends one notification. */
  send(notification: string): Promise<void>;
}
