/** One JSON line a happening. Never a token, a key or a frame's content. */
export function say(what: string, details: Record<string, string | number | boolean | null> = {}): void {
  process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), what, ...details })}\n`);
}

/** An error in words for the log, with its stack: nobody outside reads this. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
