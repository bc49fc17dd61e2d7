/**
 * Parses JSON from outside. A parser's own message quotes what it read, so it is dropped, not kept as a cause.
 * @throws the error that `refusal` makes when the text is not JSON
 */
export function parseJson(text: string, refusal: () => Error): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refusal();
  }
}
