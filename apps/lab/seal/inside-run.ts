/** Runs in the sealed place: calls a test script's default export and prints what it answers as JSON. */
import { pathToFileURL } from 'node:url';

const [, , path = '', input = 'null'] = process.argv;
const script = (await import(pathToFileURL(path).href)) as { default: (input: unknown) => Promise<unknown> };
const result = await script.default(JSON.parse(input));
process.stdout.write(JSON.stringify(result ?? null), () => process.exit(0));
