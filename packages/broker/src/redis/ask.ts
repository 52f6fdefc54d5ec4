import { BrokerUnavailableError } from '../broker.js';

/** Runs commands; whatever makes them fail is reported as {@link BrokerUnavailableError}. */
export async function ask<T>(commands: () => Promise<T>): Promise<T> {
  try {
    return await commands();
  } catch (error) {
    if (error instanceof BrokerUnavailableError) throw error;
    throw new BrokerUnavailableError(error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
}
