/** TCP as fast as it goes: `sink PORT` tells how many bytes came, every 100 ms; `pour ADDRESS PORT` sends, `pour-tls` too. */
import { connect, createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';

const [what, first = '', second = ''] = process.argv.slice(2);
if (what === 'sink') {
  let bytes = 0;
  const server = createServer({ highWaterMark: 1 << 20 }, (socket) =>
    socket
      .on('error', () => undefined)
      .on('data', (chunk) => {
        bytes += chunk.length;
      }),
  );
  server.listen(Number(first), '0.0.0.0', () => setInterval(() => process.stdout.write(`${bytes}\n`), 100));
} else {
  const piece = Buffer.alloc(256 * 1024);
  const [port, host] = [Number(second), first];
  const socket =
    what === 'pour-tls' ? connectTls({ host, port, rejectUnauthorized: false }) : connect(port, host);
  const pour = () => {
    while (socket.writableLength < 4 * piece.length) socket.write(piece);
  };
  socket.on(what === 'pour-tls' ? 'secureConnect' : 'connect', pour).on('drain', pour);
  socket.on('error', (error) => process.stdout.write(`error ${error.message}\n`));
}
process.stdin.resume().on('end', () => process.exit(0));
