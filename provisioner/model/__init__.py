"""The stack file's model: what may be asked for, and what holds where nothing is asked.

Every table is one class. A new kind of resource is a further table with a default that leaves it out, so that the
stack files and state files of earlier versions stay valid.
"""

from provisioner.model.balancing import Dns as Dns
from provisioner.model.balancing import LoadBalancer as LoadBalancer
from provisioner.model.balancing import Parent as Parent
from provisioner.model.balancing import Tls as Tls
from provisioner.model.database import Database as Database
from provisioner.model.expect import Expect as Expect
from provisioner.model.functions import Api as Api
from provisioner.model.functions import Cors as Cors
from provisioner.model.functions import Egress as Egress
from provisioner.model.functions import Function as Function
from provisioner.model.functions import Url as Url
from provisioner.model.network import Network as Network
from provisioner.model.network import TransitGateway as TransitGateway
from provisioner.model.rights import Statement as Statement
from provisioner.model.services import Cluster as Cluster
from provisioner.model.services import ContainerHealthCheck as ContainerHealthCheck
from provisioner.model.services import HealthCheck as HealthCheck
from provisioner.model.services import Scaling as Scaling
from provisioner.model.services import Service as Service
from provisioner.model.services import ServiceConnect as ServiceConnect
from provisioner.model.stack import Stack as Stack
