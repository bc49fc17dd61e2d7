/** Serves a request to a service that reads its own HTTP. */
import { discardedResponse } from './discarded-response.ts';
import { callerOf, callOf, type Exchange, type Front, refusalOf, strike } from './exchange.ts';
import { hangUp } from './fault-effects.ts';
import type { AwsError, Caller, HttpService } from './service.ts';

export async function serveHttp(front: Front, service: HttpService, exchange: Exchange): Promise<void> {
  const { request, response, requestId, credential } = exchange;
  response.setHeader(credential.service === 's3' ? 'x-amz-request-id' : 'x-amzn-requestid', requestId);
  try {
    await handle(front, service, exchange, callerOf(exchange));
  } catch (error) {
    const refusal = refusalOf(front, error, 'InternalError');
    if (response.headersSent) hangUp(response);
    else sendHttpError(service, exchange, refusal);
  }
  // A refused upload is read to its end, because the connection could carry nothing after it otherwise.
  request.resume();
}

/** Answers an error in the words of `service`, also for requests whose caller is not known. */
export function sendHttpError(
  service: HttpService,
  { request, response, url, credential, requestId }: Exchange,
  error: AwsError,
): void {
  const nobody: Caller = {
    principal: { accountId: '', arn: '' },
    region: credential.region,
    requestId,
    userAgent: request.headers['user-agent'] ?? '',
  };
  const { contentType, body } = service.errorBody(error, url, nobody);
  response.writeHead(error.status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'x-amzn-errortype': error.code,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function handle(front: Front, service: HttpService, exchange: Exchange, caller: Caller): Promise<void> {
  const { request, response, url } = exchange;
  const operation = service.operation(request, url);
  const call = callOf(exchange, caller, { operation, text: request.url ?? '/' });
  front.timings.watch(call.target, response);
  if (await strike(front, 'before', call)) return;
  // A service sends its answer before an `after` fault could strike. A request that will be struck therefore gets a
  // response that is thrown away.
  const struck = front.faults.peek('after', call.target).length > 0;
  await service.handle(request, struck ? discardedResponse(request) : response, url, caller);
  if (struck && !(await strike(front, 'after', call))) hangUp(response);
}
