/** The `./skein` command line. */
import { down } from './host/down.ts';
import { FAULTS_HELP } from './host/fault-words.ts';
import { faults } from './host/faults.ts';
import { prove } from './host/prove.ts';
import { test } from './host/test.ts';
import { up } from './host/up.ts';

const HELP = `Usage: ./skein COMMAND

  up             start Skein on this machine with a demo network over the lab's clouds;
                 ends with the dashboard's address, and keeps running
  up --empty     the same without the demo network
  down           stop it and remove everything that it made
  prove          build the demo network in a sealed place of its own, check packets, names
                 and firewalls, and remove everything again; the last line is JSON
  faults         make the lab's clouds misbehave on purpose: throttled, slow, stale, cut off;
                 ./skein faults --help says how
  test           run every test: format, lint, types, unit, integration, lab, browser

Nothing of it touches this machine's network but five ports on 127.0.0.1 (SKEIN_PORT, 7400
to 7404 unless set).`;

const COMMANDS: Record<string, (options: string[]) => Promise<number>> = { up, down, prove, faults, test };

const [name = 'help', ...options] = process.argv.slice(2);
const command = COMMANDS[name];
if (!command || options.includes('--help') || options.includes('-h')) {
  const asked = command !== undefined || ['help', '--help', '-h'].includes(name);
  if (!asked) console.error(`There is no command “${name}”.\n`);
  console.log(name === 'faults' ? FAULTS_HELP : HELP);
  process.exitCode = asked ? 0 : 2;
} else {
  try {
    process.exitCode = await command(options);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
