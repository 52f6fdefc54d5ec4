import { defineConfig } from 'prisma/config';

// For the Prisma CLI only; the services get their URL through their own settings.
export default defineConfig({
  schema: 'schema.prisma',
  migrations: { path: 'migrations' },
  datasource: { url: process.env.DATABASE_URL ?? '' },
});
