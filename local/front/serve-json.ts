/** Serves a request to a service of the JSON protocols. */
import { callerOf, callOf, type Exchange, type Front, refusalOf, strike } from './exchange.ts';
import { readJsonRequest, sendJson, sendJsonError } from './json-protocol.ts';
import type { JsonService } from './service.ts';

export async function serveJson(front: Front, service: JsonService, exchange: Exchange): Promise<void> {
  const { request, response, requestId } = exchange;
  const name = exchange.credential.service;
  response.setHeader('x-amzn-requestid', requestId);
  try {
    const caller = callerOf(exchange);
    const { operation, input, body } = await readJsonRequest(name, request);
    const call = callOf(exchange, caller, { operation, text: body });
    front.timings.watch(call.target, response, service.units?.(operation, input));
    if (await strike(front, 'before', call)) return;
    const output = await service.call(operation, input, caller);
    if (await strike(front, 'after', call)) return;
    sendJson(name, response, output);
  } catch (error) {
    sendJsonError(name, response, refusalOf(front, error, 'InternalFailure'));
  }
}
