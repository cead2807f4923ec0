"""What HTTP alone decides, of the API: tried once, in memory.

A suite belongs here if no kind of store has a part in what it looks at: refused bodies and parameters, headers,
redirects, paths and methods, the form of errors. All others are in ``api``.
"""

from tests.contract.api_body_limits import BodyLimitsApi
from tests.contract.api_errors import ErrorsApi
from tests.contract.api_examples import ExamplesApi
from tests.contract.api_hostile_bodies import HostileBodiesApi
from tests.contract.api_injection import HeaderInjectionApi, RedirectsApi
from tests.contract.api_login import AuthorizationServerApi
from tests.contract.api_mass_assignment import MassAssignmentApi
from tests.contract.api_parameter_limits import ParameterLimitsApi
from tests.contract.api_parameters import ParametersApi
from tests.contract.api_service import PathsApi, ServiceApi

__all__ = [
    "AuthorizationServerApi",
    "BodyLimitsApi",
    "ErrorsApi",
    "ExamplesApi",
    "HeaderInjectionApi",
    "HostileBodiesApi",
    "MassAssignmentApi",
    "ParameterLimitsApi",
    "ParametersApi",
    "PathsApi",
    "RedirectsApi",
    "ServiceApi",
]
