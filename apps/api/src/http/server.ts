import type { RequestListener } from 'node:http';
import {
  type Closeable,
  type ConnectionLimits,
  createHttpServer,
  listen as listenOn,
  StartError,
} from '@chorus/service';

/** How often connections that became idle are closed while shutting down. */
const SWEEP_MS = 50;

export interface HttpServer extends Closeable {
  readonly port: number;
}

/**
 * Listens. Closing stops accepting at once, lets requests in progress finish for at most
 * `shutdownTimeoutMs`, and then destroys the remaining connections.
 * @throws {StartError} the address cannot be listened on
 */
export async function listen(
  handler: RequestListener,
  options: {
    host: string;
    port: number;
    shutdownTimeoutMs: number;
    /** Name of the port's setting, for the error. */
    setting?: string;
    /** Called with the status that answers an unreadable request. */
    refused?: (status: number) => void;
    /** Limits on connections; without them the server accepts all. */
    connections?: ConnectionLimits;
  },
): Promise<HttpServer> {
  let closing: Promise<void> | undefined;
  const server = createHttpServer(
    (request, response) => {
      if (closing !== undefined) response.setHeader('Connection', 'close');
      handler(request, response);
    },
    { refused: options.refused, connections: options.connections },
  );

  const listener = await listenOn(server, options).catch((error: NodeJS.ErrnoException) => {
    throw listenError(error, options);
  });

  const close = async (): Promise<void> => {
    const closed = listener.close();
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
    const deadline = setTimeout(() => server.closeAllConnections(), options.shutdownTimeoutMs);
    await closed;
    clearInterval(sweep);
    clearTimeout(deadline);
  };
  return {
    port: listener.port,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

function listenError(
  error: NodeJS.ErrnoException,
  { host, port, setting = 'PORT' }: { host: string; port: number; setting?: string },
): StartError {
  const where = `${host}:${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new StartError(`port ${port} is already in use (${setting})`);
    case 'EACCES':
      return new StartError(`no permission to listen on ${where} (${setting})`);
    default:
      return new StartError(`cannot listen on ${where}: ${error.message}`);
  }
}
