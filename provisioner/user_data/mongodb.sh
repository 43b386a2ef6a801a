#!/bin/bash
# MongoDB Community on Amazon Linux 2023, x86_64 or arm64, for one application.
#
# cloud-init runs this as root when the instance starts for the first time, and logs what it prints. It may be run
# again: then it puts the user's password of the secret as it is now, and leaves the data alone.
#
# The application's user and password come from Secrets Manager, read with the instance's own role. The password is
# neither printed nor an argument of anything. The administrator's is drawn here and stays here, in ADMIN_FILE.
#
# Sources: MongoDB manual, "Install MongoDB Community Edition on Amazon Linux" and "Use SCRAM to Authenticate
# Clients"; mongosh documentation, "Install mongosh" (the package that uses the system's OpenSSL 3).
set +x
set -euo pipefail
export HOME=/root # cloud-init sets none, and mongosh wants one

SECRET='@SECRET@'
REGION='@REGION@'
VERSION='@VERSION@'
export DATABASE='@DATABASE@'

CONFIG=/etc/mongod.conf
ADMIN_FILE=/root/.mongodb-administrator
TRIES=90 # 15 minutes: a NAT gateway, a route and a role's policy may all be young

say() { echo "mongodb: $*"; }

patiently() {
  local try
  for ((try = 1; try <= TRIES; try++)); do
    "$@" && return 0
    say "try $try of $TRIES failed: $1 ${2:-}"
    sleep 10
  done
  say "gave up: $1 ${2:-}"
  return 1
}

install_packages() {
  cat > "/etc/yum.repos.d/mongodb-org-$VERSION.repo" <<END
[mongodb-org-$VERSION]
name=MongoDB Repository
baseurl=https://repo.mongodb.org/yum/amazon/2023/mongodb-org/$VERSION/\$basearch/
gpgcheck=1
enabled=1
gpgkey=https://pgp.mongodb.com/server-$VERSION.asc
END
  patiently dnf install -y -q mongodb-org-server mongodb-mongosh-shared-openssl3
  printf 'mongosh:\n  enableTelemetry: false\n' > /etc/mongosh.conf
}

read_secret() {
  CREDENTIALS=$(aws secretsmanager get-secret-value --region "$REGION" --secret-id "$SECRET" \
    --query SecretString --output text)
}

private_address() {
  local token
  token=$(curl -sSf -X PUT http://169.254.169.254/latest/api/token -H 'X-aws-ec2-metadata-token-ttl-seconds: 300')
  curl -sSf -H "X-aws-ec2-metadata-token: $token" http://169.254.169.254/latest/meta-data/local-ipv4
}

# Where it listens, and whether it asks who is there.
configure() {
  cat > "$CONFIG.new" <<END
storage:
  dbPath: /var/lib/mongo
systemLog:
  destination: file
  logAppend: true
  path: /var/log/mongodb/mongod.log
processManagement:
  timeZoneInfo: /usr/share/zoneinfo
net:
  port: 27017
  bindIp: $1
security:
  authorization: $2
END
  mv "$CONFIG.new" "$CONFIG"
  systemctl enable mongod
  systemctl restart mongod
  patiently answers
}

answers() { mongosh --quiet --eval 'db.hello().ok' > /dev/null; }

# Credentials reach mongosh in its environment, which only root may read.
put_users() {
  CREDENTIALS="$CREDENTIALS" ADMIN_PASSWORD="$(cat "$ADMIN_FILE")" AUTHORIZED="$1" mongosh --quiet --eval '
    const application = JSON.parse(process.env.CREDENTIALS);
    const admin = db.getSiblingDB("admin");
    if (process.env.AUTHORIZED === "yes") { admin.auth("administrator", process.env.ADMIN_PASSWORD); }
    const put = (user, settings) =>
      admin.getUser(user) ? admin.updateUser(user, settings) : admin.createUser({ user, ...settings });
    put("administrator", {
      pwd: process.env.ADMIN_PASSWORD,
      roles: ["root"],
      authenticationRestrictions: [{ clientSource: ["127.0.0.1"] }],
    });
    put(application.username, {
      pwd: application.password,
      roles: [{ role: "readWrite", db: process.env.DATABASE }],
    });
  ' > /dev/null
}

install_packages
patiently read_secret
[ -s "$ADMIN_FILE" ] || (umask 077 && openssl rand -hex 24 > "$ADMIN_FILE")
if grep -qs 'authorization: enabled' "$CONFIG"; then
  systemctl start mongod
  patiently answers
  put_users yes
else
  configure 127.0.0.1 disabled # nobody else can reach it before it asks for a password
  put_users no
fi
ADDRESS=$(private_address)
configure "127.0.0.1,$ADDRESS" enabled
say "answers at $ADDRESS:27017"
