/** The two kinds of function that have two halves, so that the handler can log and count between or around them. */
import type { QueuePorts } from '../lambda/queue.ts';

/** A function that a queue invokes with batches of messages. */
export interface QueueFunction<Outcome> {
  /** Does the work of one message. */
  readonly work: (body: string, signal: AbortSignal) => Promise<Outcome>;
  /** The ports that a message goes to when its work fails. */
  readonly queue: QueuePorts;
}

/** A function that somebody invokes with a request. */
export interface RequestFunction<Request, Answer> {
  /**
   * Reads the request.
   * @throws EventInvalidError naming everything that is malformed
   */
  readonly parse: (event: unknown) => Request;
  /** Does what was asked for. */
  readonly answer: (request: Request, signal: AbortSignal) => Promise<Answer>;
}
