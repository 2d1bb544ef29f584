/** `npm start`: builds the app once and serves the build. */
import { build } from 'vite';
import { createStaticServer } from './static-server.ts';

const port = Number(process.env.PORT ?? 4173);

await build({ logLevel: 'warn' });
const server = createStaticServer('dist');
server.on('error', (error: NodeJS.ErrnoException) => {
  const hint = error.code === 'EADDRINUSE' ? ` Port ${port} is taken: PORT=4174 npm start` : '';
  process.stderr.write(`The server could not start: ${error.message}.${hint}\n`);
  process.exitCode = 1;
});
server.listen(port, '127.0.0.1', () => {
  process.stdout.write(`em-stitch is ready: http://localhost:${port}/   (Ctrl-C stops it)\n`);
});
