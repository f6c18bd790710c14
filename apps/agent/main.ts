/** `skein-agent`: reads the command line and does one command. */
import { parseArgs } from 'node:util';
import { examine, renderExamination } from './command/doctor.ts';
import { drain } from './command/drain.ts';
import { join } from './command/join.ts';
import { leave } from './command/leave.ts';
import { runDaemon } from './command/run.ts';
import { readStatus, renderStatus } from './command/status.ts';
import { readEnvironment, VERSION } from './config.ts';
import { AgentFailure, wordsOf } from './failure.ts';
import { run } from './host/command.ts';

const HELP = `Usage: skein-agent COMMAND

  run                  keep this node in its network (the daemon)
  join --token T --coordinator URL [--name N]
                       make keys and enrol; "--token -" reads the token from stdin,
                       and without --token it comes from SKEIN_JOIN_TOKEN
  status [-o json]     peers, handshakes, round-trip times
  drain [--end]        have other peers go by other gateways, before this one is taken away;
                       --end takes it back
  doctor [PEER] [-o json]
                       what is wrong and how to mend it, with the hops to PEER;
                       exit code 1 when something is
  pod                  in a Kubernetes node's pod: join if need be, then run
  leave                leave the network and clean the node
  --version, --help
`;

async function main(): Promise<void> {
  const { values, positionals } = parse();
  if (values.version) return void process.stdout.write(`${VERSION}\n`);
  const [command, ...rest] = positionals;
  if (values.help || !command) return void process.stdout.write(HELP);
  if (command === 'doctor' && rest.length <= 1) {
    const examination = await examine(run, rest[0]);
    process.stdout.write(
      values.output === 'json' ? `${JSON.stringify(examination, null, 2)}\n` : renderExamination(examination),
    );
    process.exitCode = examination.findings.some((one) => one.grade === 'wrong') ? 1 : 0;
    return;
  }
  if (rest.length > 0) throw new AgentFailure('usage', `unexpected: ${rest.join(' ')}`);
  if (command === 'run') return runDaemon();
  if (command === 'pod') {
    // As the manifest starts it; only there is it loaded.
    const { runPod } = await import('./command/pod.ts');
    return runPod(run, readEnvironment());
  }
  if (command === 'leave') return void process.stdout.write(`${await leave()}\n`);
  if (command === 'drain') return void process.stdout.write(`${await drain(values.end !== true)}\n`);
  if (command === 'status') {
    const status = await readStatus();
    const asJson = values.output === 'json';
    return void process.stdout.write(
      asJson ? `${JSON.stringify(status, null, 2)}\n` : renderStatus(status, Date.now()),
    );
  }
  if (command !== 'join') throw new AgentFailure('usage', `unknown command ${command}; try --help`);
  const environment = readEnvironment();
  const token = values.token === '-' ? (await readStdin()).trim() : (values.token ?? environment.joinToken);
  const coordinatorUrl = values.coordinator ?? environment.coordinatorUrl;
  if (!token) throw new AgentFailure('usage', 'a join token is needed: --token T or SKEIN_JOIN_TOKEN');
  if (!coordinatorUrl) throw new AgentFailure('usage', 'the coordinator is needed: --coordinator URL');
  process.stdout.write(`${await join(run, { coordinatorUrl, token, name: values.name })}\n`);
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        token: { type: 'string' },
        coordinator: { type: 'string' },
        name: { type: 'string' },
        end: { type: 'boolean' },
        output: { type: 'string', short: 'o' },
        version: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new AgentFailure('usage', wordsOf(error));
  }
}

async function readStdin(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) text += chunk;
  return text;
}

main().then(
  () => process.exit(),
  (error) => {
    process.stderr.write(`skein-agent: ${error instanceof AgentFailure ? error.message : wordsOf(error)}\n`);
    process.exit(error instanceof AgentFailure && error.code === 'usage' ? 2 : 1);
  },
);
