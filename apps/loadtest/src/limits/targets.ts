import { isIPv4 } from 'node:net';
import { UsageError } from '../cli/usage-error.js';

/** Whether the URL's host is this machine, by its name alone. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || isLoopback4(url);
}

/** Whether all addresses of 127.0.0.0/8 reach the URL's host. */
export function isLoopback4(url: string): boolean {
  const { hostname } = new URL(url);
  return isIPv4(hostname) && hostname.startsWith('127.');
}

/** @throws {UsageError} for a target on another machine, unless that is allowed */
export function refuseRemote(urls: readonly string[], allowed: boolean): void {
  const remote = urls.find((url) => !isLoopback(url));
  if (remote === undefined || allowed) return;
  throw new UsageError(
    `${new URL(remote).host} is not this machine: load is only put on machines that you own; say --allow-remote if you own it`,
  );
}
