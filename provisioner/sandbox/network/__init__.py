"""The sandbox's data plane: which packet gets where, judged from the resources as they stand at that moment.

It is a witness: it reads moto's models, never what the tool meant to create. `judge` decides, `names` resolves,
`crossing` lets real bytes through, `listening` knows what answers at an interface.
"""
