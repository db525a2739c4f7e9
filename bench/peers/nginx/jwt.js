// The tenant of a request's token, or nothing if its signature or its time is wrong.

import crypto from 'crypto'

const SECRET = '{secret}'

function tenant(request) {
  const match = /^Bearer ([^.]+)\.([^.]+)\.([^.]+)$/.exec(request.headersIn.Authorization || '')
  if (!match) return ''
  const signature = crypto.createHmac('sha256', SECRET).update(`${match[1]}.${match[2]}`).digest('base64url')
  if (signature !== match[3]) return ''
  if (JSON.parse(Buffer.from(match[1], 'base64url')).alg !== 'HS256') return ''
  const claims = JSON.parse(Buffer.from(match[2], 'base64url'))
  return claims.exp * 1000 > Date.now() ? claims.tenant_id : ''
}

export default { tenant }
