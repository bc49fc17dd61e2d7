/** A stack that can't be deployed here, and which of its resources is to blame. */
export class StackError extends Error {
  override readonly name = 'StackError';
  readonly code = 'ERR_STACK';
  /** The logical id in the template; empty where the template as a whole is at fault. */
  readonly logicalId: string;
  constructor(logicalId: string, message: string, options?: ErrorOptions) {
    super(logicalId ? `${logicalId}: ${message}` : message, options);
    this.logicalId = logicalId;
  }
}
