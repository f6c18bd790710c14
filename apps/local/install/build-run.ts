/** Builds everything that is served, for the container image. */
import { buildAgentArchive, buildWeb } from './build.ts';

const say = (line: string) => console.log(line);
await buildAgentArchive(say);
buildWeb(say);
