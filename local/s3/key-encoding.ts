/**
 * The encoding of a key in notifications and in listings with encoding-type=url: form-encoded, except for the
 * slash. A space is `+`, a plus sign `%2B`, and everything else outside `A-Z a-z 0-9 . - _ *` its UTF-8 bytes.
 */
export function encodeKey(key: string): string {
  return encodeURIComponent(key)
    .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/')
    .replaceAll('%20', '+');
}
