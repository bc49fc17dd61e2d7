/** Makes a new version of a tenant's branch key. Somebody invokes it with `{ tenantId }`. */
import { name, readConfig } from '../shared/lambda/config.ts';
import { logger } from '../shared/lambda/observe.ts';
import { createHandler, type Handler } from '../shared/lambda/stack.ts';
import { rotatePorts } from '../shared/wiring/aws-ports.ts';
import { rotateFunction } from '../shared/wiring/rotate-branch-key.ts';

const { parse, answer } = rotateFunction(
  rotatePorts(readConfig({ STATE_TABLE: name, KEY_STORE_TABLE: name })),
);

export const handler: Handler = createHandler(async (event, signal) => {
  const rotated = await answer(parse(event), signal);
  logger.info('branch key rotated', { ...rotated });
  return rotated;
});
