// Preloaded into every process of the guide's test: names and ports of the customer's network, on one machine.
// GUIDE_NAMES: {"api.example.com:443": "127.0.0.1:40123"}; GUIDE_LISTEN: {"8080": 40124}, 0 for any free port.
import net from 'node:net'

const names = JSON.parse(process.env.GUIDE_NAMES ?? '{}')
const ports = JSON.parse(process.env.GUIDE_LISTEN ?? '{}')

const connect = net.Socket.prototype.connect
net.Socket.prototype.connect = function (...args) {
  const options = Array.isArray(args[0]) ? args[0][0] : args[0]
  const target = options && typeof options === 'object' && names[`${options.host}:${options.port}`]
  if (target) {
    const [host, port] = target.split(':')
    Object.assign(options, { host, port: Number(port) })
  }
  return connect.apply(this, args)
}

const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (...args) {
  const options = args[0]
  if (options && typeof options === 'object' && options.port in ports) {
    args[0] = { ...options, host: '127.0.0.1', port: ports[options.port] }
  }
  return listen.apply(this, args)
}
