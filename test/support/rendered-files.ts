/** Gets the files that are rendered for a tenant, as text or in a folder. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OnboardingInput } from '../../shared/handover/input.ts';
import { render } from '../../shared/handover/render.ts';

export function renderedText(input: OnboardingInput, name: string): string {
  const file = render(input).find((rendered) => rendered.name === name);
  if (file === undefined) throw new Error(`${name} is not rendered`);
  return file.text;
}

/** Writes the files to the folder, and returns the folder. */
export async function writeRendered(input: OnboardingInput, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await Promise.all(render(input).map(({ name, text }) => writeFile(join(folder, name), text)));
  return folder;
}

/** Returns the JSON documents in the heredocs of a Terraform file, in order. */
export function heredocs(terraform: string): readonly unknown[] {
  return [...terraform.matchAll(/<<-JSON\n(?<json>[^]*?)\n *JSON\n/gu)].map(
    ({ groups }) => JSON.parse(groups?.['json'] ?? '') as unknown,
  );
}
