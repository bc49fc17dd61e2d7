/** The error of a stack that cannot be deployed here. It names the resource at fault. */
export class StackError extends Error {
  override readonly name = 'StackError';
  readonly code = 'ERR_STACK';
  /** The logical id in the template; empty when the template as a whole is at fault. */
  readonly logicalId: string;
  constructor(logicalId: string, message: string, options?: ErrorOptions) {
    super(logicalId ? `${logicalId}: ${message}` : message, options);
    this.logicalId = logicalId;
  }
}
