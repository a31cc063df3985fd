// Preloaded into every process of the guide's test: names and ports of the customer's network, on one machine. The tables
// are in the file that the query of this module's URL names (an environment variable would not reach the services):
// names {"api.example.com:443": "127.0.0.1:40123"}, listen {"8080": 40124}, 0 for any free port.
import dns from 'node:dns'
import { readFileSync } from 'node:fs'
import net from 'node:net'

const table = new URL(import.meta.url).searchParams.get('table')
const { names, listen: ports } = JSON.parse(readFileSync(table, 'utf8'))
// Addresses for who looks a name up first and connects afterwards.
const hosts = [...new Set(Object.keys(names).map(place => place.split(':')[0]))]
const addressOf = new Map(hosts.map((host, i) => [host, `127.77.0.${i + 1}`]))
const hostOf = new Map(hosts.map((host, i) => [`127.77.0.${i + 1}`, host]))

const lookup = dns.lookup
dns.lookup = function (host, ...args) {
  const address = addressOf.get(host)
  if (address === undefined) return lookup.call(this, host, ...args)
  const [options, done] = args.length > 1 ? args : [{}, args[0]]
  process.nextTick(() => (options.all ? done(null, [{ address, family: 4 }]) : done(null, address, 4)))
}

const connect = net.Socket.prototype.connect
net.Socket.prototype.connect = function (...args) {
  const options = Array.isArray(args[0]) ? args[0][0] : args[0]
  if (options && typeof options === 'object') {
    const target = names[`${hostOf.get(options.host) ?? options.host}:${options.port}`]
    if (target) {
      const [host, port] = target.split(':')
      Object.assign(options, { host, port: Number(port) })
    }
  }
  return connect.apply(this, args)
}

const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (...args) {
  const [first, ...others] = args
  if (first && typeof first === 'object' && first.port in ports) {
    return listen.call(this, { ...first, host: '127.0.0.1', port: ports[first.port] }, ...others)
  }
  return listen.call(this, first in ports ? ports[first] : first, ...others)
}
