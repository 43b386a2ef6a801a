"""Who reaches whom, and which entry decides: judged from what AWS describes now, not from what was meant.

`take` reads a stack's live network, `judge` follows a connection in it from one end to another, there and back,
`starting` judges all that the tasks of a service need to run, `hindered` tells what of it the network keeps from
them.
Nothing here changes anything, and nothing here is known of the sandbox, whose network decides by itself.
"""

from provisioner.reach.ends import End as End
from provisioner.reach.ends import UnknownEnd as UnknownEnd
from provisioner.reach.ends import find as find
from provisioner.reach.ends import hosts_in as hosts_in
from provisioner.reach.judging import hindered as hindered
from provisioner.reach.judging import judge as judge
from provisioner.reach.judging import starting as starting
from provisioner.reach.path import Unfit as Unfit
from provisioner.reach.snapshot import Snapshot as Snapshot
from provisioner.reach.taking import NoNetwork as NoNetwork
from provisioner.reach.taking import take as take
from provisioner.reach.verdict import Fix as Fix
from provisioner.reach.verdict import Hop as Hop
from provisioner.reach.verdict import Outcome as Outcome
from provisioner.reach.verdict import Stop as Stop
from provisioner.reach.verdict import Verdict as Verdict
from provisioner.reach.verdict import Way as Way
