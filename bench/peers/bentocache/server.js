// Fastify with BentoCache: a local tier, Redis behind it, and a bus between nodes. The token of every request is verified;
// what was verified is remembered (`cache`), as the service remembers it.
//
//   node server.js --port 8200 --origin http://127.0.0.1:8001 --redis 6379 --secret SECRET

import { parseArgs } from 'node:util'

import jwt from '@fastify/jwt'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis'
import Fastify from 'fastify'

const { values: options } = parseArgs({
  options: {
    origin: { type: 'string' },
    port: { type: 'string' },
    redis: { type: 'string' },
    secret: { type: 'string' },
  },
})
const connection = { host: '127.0.0.1', port: Number(options.redis) }

const cache = new BentoCache({
  default: 'tiers',
  stores: {
    tiers: bentostore()
      // Values are strings: there is nothing to serialise in the local tier.
      .useL1Layer(memoryDriver({ maxItems: 1_000_000, serialize: false }))
      .useL2Layer(redisDriver({ connection }))
      .useBus(redisBusDriver({ connection })),
  },
})

const app = Fastify({ logger: false, disableRequestLogging: true })
app.register(jwt, { secret: options.secret, verify: { algorithms: ['HS256'], cache: 10_000 } })

app.get('/api/v1/products/:id', async (request, reply) => {
  await request.jwtVerify()
  const { tenant_id: tenant } = request.user
  const body = await cache.getOrSet({
    key: `products:${tenant}:id:${request.params.id}`,
    ttl: '10m',
    grace: '10m',
    factory: () => load(tenant, request.params.id),
  })
  reply.header('content-type', 'application/json')
  return body
})

async function load(tenant, id) {
  const url = `${options.origin}/api/v1/products/${id}`
  const answer = await fetch(url, { headers: { 'x-tenant-id': tenant } })
  if (!answer.ok) throw new Error(`the origin answered ${answer.status}`)
  return `{"payload":${await answer.text()}}`
}

await app.listen({ host: '127.0.0.1', port: Number(options.port) })
