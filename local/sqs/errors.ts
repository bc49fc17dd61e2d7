/** The refusals that more than one operation of SQS makes. */
import { AwsError } from '../front/service.ts';

export function invalidParameter(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', 400, message);
}

export function invalidAttribute(name: string): AwsError {
  return new AwsError('InvalidAttributeValue', 400, `Invalid value for the parameter ${name}.`);
}
