/** Explains why a function gave no answer, and what to do about it. */
import * as z from 'zod';

/** Returns what is wrong and what to do. `cause` is the error that the SDK threw. */
export function whyUnanswered(cause: unknown, functionName: string): string {
  const { name, code, message } = thrownSchema.parse(cause);
  const said = message.split('\n')[0] ?? '';
  if (message.includes('Region is missing')) return 'no region is set: name one with --region or AWS_REGION';
  if (name === 'CredentialsProviderError')
    return `no AWS credentials (${said}): name a profile with --profile, or export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`;
  const advice = ADVICE.get(name);
  if (advice !== undefined) return `${said} ${advice(functionName)}`;
  if (CONNECTION_FAILURES.has(code) || name === 'TimeoutError')
    return `AWS cannot be reached (${code === '' ? said : code}): check the network, --endpoint-url and --region`;
  return `${functionName} did not answer: ${name}: ${said}`;
}

const thrownSchema = z
  .object({ name: z.string(), code: z.string().catch(''), message: z.string() })
  .catch({ name: 'Error', code: '', message: 'something other than an Error was thrown' });

const CONNECTION_FAILURES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
]);

type Advice = (functionName: string) => string;

const renew: Advice = () => '- AWS does not accept your credentials: renew them, or name another --profile';

/**
 * The advice for each error by its name:
 * https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors
 */
const ADVICE: ReadonlyMap<string, Advice> = new Map<string, Advice>([
  [
    'ResourceNotFoundException',
    () =>
      '- is the stage deployed there? Name the stage with --stage, its region with --region, its account with --profile',
  ],
  [
    'AccessDeniedException',
    (functionName) => `- ask for the permission lambda:InvokeFunction on ${functionName}`,
  ],
  ['TooManyRequestsException', () => '- try again'],
  ['ExpiredTokenException', renew],
  ['InvalidSignatureException', renew],
  ['UnrecognizedClientException', renew],
]);
