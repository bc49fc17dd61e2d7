/** The two kinds of function that do more than one thing: the handler puts its own lines of log between them. */
import type { QueuePorts } from '../lambda/queue.ts';

/** A function that a queue invokes with messages. */
export interface QueueFunction<Outcome> {
  /** Does the work of one message. */
  readonly work: (body: string, signal: AbortSignal) => Promise<Outcome>;
  /** The ports that a message goes to when its work fails. */
  readonly queue: QueuePorts;
}

/** A function that somebody invokes with a request. */
export interface RequestFunction<Request, Answer> {
  /** @throws EventInvalidError naming everything that is malformed */
  readonly parse: (event: unknown) => Request;
  readonly answer: (request: Request, signal: AbortSignal) => Promise<Answer>;
}
