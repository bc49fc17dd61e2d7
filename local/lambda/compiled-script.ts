/**
 * A CommonJS file that runs with the code that V8 compiled of it in another process. Node's compile cache keeps
 * only what is compiled when a file is loaded. Most functions of a bundle are compiled at their first call, which
 * every sandbox would do anew.
 */
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { constants, Script } from 'node:vm';

export interface CompiledScript {
  readonly exports: unknown;
  /** True when no earlier process kept compiled code of the file. */
  readonly isFresh: boolean;
  /** Keeps the code compiled so far, next to the file, for later processes. It does nothing when it cannot write. */
  keep(): void;
}

const WRAPPER = '(function (exports, require, module, __filename, __dirname) { ';

/**
 * Runs the file as `require` would.
 * @throws what the file throws, or SyntaxError
 */
export function runCompiled(file: string): CompiledScript {
  const source = readFileSync(file, 'utf8');
  // V8 compares only the length of the source, so the name contains its hash.
  const kept = `${file}.${createHash('sha256').update(source).digest('hex').slice(0, 16)}.compiled`;
  const cachedData = readIfThere(kept);
  const script = new Script(`${WRAPPER}${source}\n})`, {
    filename: file,
    columnOffset: -WRAPPER.length,
    cachedData,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(file), module, file, path.dirname(file));
  return {
    exports: module.exports,
    isFresh: cachedData === undefined || script.cachedDataRejected === true,
    keep() {
      try {
        const unfinished = `${kept}-${process.pid}`;
        writeFileSync(unfinished, script.createCachedData());
        renameSync(unfinished, kept);
      } catch {
        // The next process compiles the file anew.
      }
    },
  };
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
