export { memoryRateLimits, type RateLimitConfig, type RateLimits } from './auth/rate-limits/rate-limits.js';
export {
  type ApiConfig,
  apiSettings,
  loadApiConfig,
  loadStoreConfig,
  type StoreConfig,
  storeSettings,
} from './config.js';
export { type Api, type ApiParts, createApi } from './create-api.js';
export { answers } from './document/answers.js';
export { openapi } from './document/openapi.js';
export { MessageRepository } from './messages/repository.js';
export { createRedisParts } from './redis-parts.js';
export { RoomRepository } from './rooms/repository.js';
