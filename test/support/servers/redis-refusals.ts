import { Redis } from 'ioredis';

/** What a Redis refused to its users, one text a kind. @param url as a user who may ask */
export async function redisRefusals(url: string): Promise<string[]> {
  const admin = new Redis(url);
  try {
    const log = await admin.call('ACL', 'LOG');
    return Array.isArray(log)
      ? log.map((entry) => (Array.isArray(entry) ? entry.join(' ') : String(entry)))
      : [];
  } finally {
    admin.disconnect();
  }
}
